/* A libnvidia-ml.so.1 that answers what a text file says, with every fault a driver can have.

   Made up: written for these tests from NVIDIA's public header (nvml.h); names, numbers and structures
   are those of the API, values and behaviour those of the file that NVML_FAKE names:

       gpus 2
       driver absent                                  nvmlInit answers DRIVER_NOT_LOADED
       set GPU KEY NUMBER                             see `keys`; GPU is a number or *
       name GPU WORDS
       proc GPU compute|graphics PID BYTES [GI CI]    in a MIG instance where these are given
       mig GPU INDEX GI CI TOTAL USED NAME            makes the GPU's MIG mode current
       xid GPU NUMBER                                 happens once, when the file is read
       fault FUNCTION GPU ERROR|hang [AFTER]          after so many good calls; GPU * for functions without

   The file is read by nvmlInit and by `fake_read`, which also lets calls go that hang no more. With
   -DOLD_DRIVER it lacks what the drivers before 510 lacked. */
#define _GNU_SOURCE
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ALL -1
#define MOST_GPUS 32
#define MOST_FAULTS 64
#define MOST_PROCESSES 512
#define MOST_MIG 8
#define HANG 100000

enum {
    OK = 0, UNINITIALIZED = 1, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6, INSUFFICIENT_SIZE = 7,
    NOT_LOADED = 9, TIMEOUT = 10, VERSION_MISMATCH = 25
};

typedef unsigned long long u64;
enum {
    GPU_BUSY, MEM_BUSY, TOTAL, RESERVED, USED, TEMPERATURE, POWER, POWER_LIMIT, ENERGY, GRAPHICS_CLOCK, SM_CLOCK,
    MEM_CLOCK, REASONS, ENCODER, DECODER, PSTATE, FAN, MEM_TEMPERATURE, RX_BYTES, TX_BYTES, RX_RATE, TX_RATE,
    CORRECTED, UNCORRECTED, REPLAYS, KEYS
};
static const char *keys[KEYS] = {
    "gpu_busy", "mem_busy", "total", "reserved", "used", "temperature", "power", "power_limit", "energy",
    "graphics_clock", "sm_clock", "mem_clock", "reasons", "encoder", "decoder", "pstate", "fan", "mem_temperature",
    "rx_bytes", "tx_bytes", "rx_rate", "tx_rate", "corrected", "uncorrected", "replays"
};
static const u64 usual[KEYS] = {
    37, 12, 85899345920ULL, 629145600ULL, 21474836480ULL, 54, 301500, 700000, 123456789000ULL, 1755, 1755, 2619,
    0, 3, 4, 0, 41, 62, 1000000, 2000000, 512, 256, 7, 1, 2
};

typedef struct device {
    int number, generation, gi, ci, mig;
    char name[96];
    u64 values[KEYS];
    unsigned calls;
    struct device *parent;
    struct { int index; struct device *device; } instances[MOST_MIG];
    int count;
} device;
typedef struct { unsigned pid; u64 bytes; unsigned gi, ci; } process;
typedef struct { device *gpu; u64 type, data; unsigned gi, ci; } event;

static device gpus[MOST_GPUS], instances[MOST_GPUS * MOST_MIG];
static struct { char function[64]; int gpu, error, after; } faults[MOST_FAULTS];
static struct { int gpu, compute; process process; } processes[MOST_PROCESSES];
static event events[64];
static int n_gpus, n_instances, n_faults, n_processes, n_events, absent, opened, generation, registered[MOST_GPUS];
static volatile int readings;
static unsigned long calls;

static void set(int number, const char *key, u64 value) {
    for (int g = 0; g < MOST_GPUS; g++)
        for (int k = 0; k < KEYS; k++)
            if ((number == ALL || number == g) && !strcmp(keys[k], key)) gpus[g].values[k] = value;
}

static void begin(void) {
    n_gpus = n_instances = n_faults = n_processes = n_events = absent = 0;
    for (int g = 0; g < MOST_GPUS; g++) {
        gpus[g].number = g;
        gpus[g].count = 0;
        memcpy(gpus[g].values, usual, sizeof usual);
        strcpy(gpus[g].name, "NVIDIA H100 80GB HBM3");
    }
}

static void divide(int number, int index, int gi, int ci, u64 total, u64 used, const char *name) {
    device *gpu = &gpus[number], *part = &instances[n_instances++];
    memset(part, 0, sizeof *part);
    part->number = number;
    part->mig = 1;
    part->gi = gi;
    part->ci = ci;
    part->parent = gpu;
    part->values[TOTAL] = total;
    part->values[USED] = used;
    snprintf(part->name, sizeof part->name, "%s", name);
    gpu->instances[gpu->count].index = index;
    gpu->instances[gpu->count++].device = part;
}

static void line(char *text) {
    char word[64], rest[96] = "", who[16];
    u64 a, b;
    int gpu, x, y, z;
    unsigned gi = ~0u, ci = ~0u;
    text[strcspn(text, "\n")] = 0;
    if (sscanf(text, "gpus %d", &n_gpus) == 1) return;
    if (!strcmp(text, "driver absent")) { absent = 1; return; }
    if (sscanf(text, "set %15s %63s %llu", who, word, &a) == 3) { set(*who == '*' ? ALL : atoi(who), word, a); return; }
    if (sscanf(text, "name %d %95[^\n]", &gpu, rest) == 2) { strcpy(gpus[gpu].name, rest); return; }
    if (sscanf(text, "proc %d %63s %d %llu %u %u", &gpu, word, &x, &a, &gi, &ci) >= 4) {
        processes[n_processes].gpu = gpu;
        processes[n_processes].compute = !strcmp(word, "compute");
        processes[n_processes].process = (process){x, a, gi, ci};
        n_processes++;
        return;
    }
    if (sscanf(text, "mig %d %d %d %d %llu %llu %95[^\n]", &gpu, &x, &y, &z, &a, &b, rest) == 7) {
        divide(gpu, x, y, z, a, b, rest);
        return;
    }
    if (sscanf(text, "xid %d %llu", &gpu, &a) == 2) {
        events[n_events].gpu = &gpus[gpu];
        events[n_events].type = 8;
        events[n_events++].data = a;
        return;
    }
    if (sscanf(text, "fault %63s %15s %95s", word, who, rest) == 3) {
        strcpy(faults[n_faults].function, word);
        faults[n_faults].gpu = *who == '*' ? ALL : atoi(who);
        faults[n_faults].error = !strcmp(rest, "hang") ? HANG : atoi(rest);
        faults[n_faults].after = sscanf(text, "%*s %*s %*s %*s %d", &x) == 1 ? x : 0;
        n_faults++;
        return;
    }
    if (*text && *text != '#') { fprintf(stderr, "fake NVML: what is %s\n", text); abort(); }
}

/* Reads the file anew. */
void fake_read(void) {
    char text[256];
    const char *path = getenv("NVML_FAKE");
    FILE *file = path ? fopen(path, "r") : NULL;
    begin();
    if (!file) { fprintf(stderr, "fake NVML: NVML_FAKE names no file\n"); abort(); }
    while (fgets(text, sizeof text, file)) line(text);
    fclose(file);
    readings++;
}

/* How often a GPU was asked anything, its handle included; and whether NVML is open. */
unsigned fake_calls(int gpu) { return gpus[gpu].calls; }
int fake_opened(void) { return opened; }
unsigned long fake_all_calls(void) { return calls; }

static int fault(const char *function, int gpu) {
    for (int f = 0; f < n_faults; f++)
        if ((faults[f].gpu == ALL || faults[f].gpu == gpu) && !strcmp(faults[f].function, function)) {
            if (faults[f].after-- > 0) continue;
            if (faults[f].error != HANG) return faults[f].error;
            for (int now = readings; now == readings;) usleep(2000);
        }
    return OK;
}

static int enter(const char *function, device *gpu) {
    calls++;
    if (gpu) gpus[gpu->number].calls++;
    if (!opened) return UNINITIALIZED;
    if (gpu && gpu->generation != generation) return INVALID_ARGUMENT;
    return n_faults ? fault(function, gpu ? gpu->number : ALL) : OK;
}
#define ENTER(gpu) do { int bad = enter(__func__, gpu); if (bad) return bad; } while (0)
#define ANSWER(function, type, key) \
    int function(device *gpu, type *value) { ENTER(gpu); *value = (type)gpu->values[key]; return OK; }

int nvmlInitWithFlags(unsigned flags) {
    (void)flags;
    fake_read();
    calls++;
    if (absent) return NOT_LOADED;
    int bad = fault("nvmlInitWithFlags", ALL);
    if (bad) return bad;
    opened = 1;
    generation++;
    return OK;
}
int nvmlShutdown(void) { ENTER(NULL); opened = 0; memset(registered, 0, sizeof registered); return OK; }
const char *nvmlErrorString(int error) { (void)error; return "an error of the fake's"; }
int nvmlDeviceGetCount_v2(unsigned *count) { ENTER(NULL); *count = n_gpus; return OK; }

static int handle(const char *function, int number, device **found) {
    if (number < 0 || number >= n_gpus) return NOT_FOUND;
    gpus[number].generation = generation;
    int bad = enter(function, &gpus[number]);
    *found = &gpus[number];
    return bad;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, device **found) {
    ENTER(NULL);
    return handle("nvmlDeviceGetHandle", index, found);
}
int nvmlDeviceGetHandleByPciBusId_v2(const char *address, device **found) {
    unsigned domain, bus;
    ENTER(NULL);
    if (sscanf(address, "%x:%x:00.0", &domain, &bus) != 2) return NOT_FOUND;
    return handle("nvmlDeviceGetHandle", (int)bus - 0x10, found);
}

typedef struct { char legacy[16]; unsigned domain, bus, slot, id, subsystem; char address[32]; } pci;
int nvmlDeviceGetPciInfo_v3(device *gpu, pci *info) {
    ENTER(gpu);
    memset(info, 0, sizeof *info);
    snprintf(info->address, sizeof info->address, "00000000:%02X:00.0", 0x10 + gpu->number);
    return OK;
}
int nvmlDeviceGetName(device *gpu, char *name, unsigned length) {
    ENTER(gpu);
    snprintf(name, length, "%s", gpu->name);
    return OK;
}

typedef struct { unsigned gpu, memory; } rates;
int nvmlDeviceGetUtilizationRates(device *gpu, rates *found) {
    ENTER(gpu);
    found->gpu = gpu->values[GPU_BUSY];
    found->memory = gpu->values[MEM_BUSY];
    return OK;
}
typedef struct { u64 total, free, used; } memory;
int nvmlDeviceGetMemoryInfo(device *gpu, memory *found) {
    ENTER(gpu);
    found->total = gpu->values[TOTAL];
    found->used = gpu->values[USED] + gpu->values[RESERVED];
    found->free = found->total - found->used;
    return OK;
}
ANSWER(nvmlDeviceGetPowerUsage, unsigned, POWER)
ANSWER(nvmlDeviceGetEnforcedPowerLimit, unsigned, POWER_LIMIT)
ANSWER(nvmlDeviceGetTotalEnergyConsumption, u64, ENERGY)
ANSWER(nvmlDeviceGetCurrentClocksThrottleReasons, u64, REASONS)
ANSWER(nvmlDeviceGetPerformanceState, unsigned, PSTATE)
ANSWER(nvmlDeviceGetFanSpeed, unsigned, FAN)
ANSWER(nvmlDeviceGetPcieReplayCounter, unsigned, REPLAYS)
int nvmlDeviceGetTemperature(device *gpu, unsigned sensor, unsigned *found) {
    ENTER(gpu);
    if (sensor) return INVALID_ARGUMENT;
    *found = gpu->values[TEMPERATURE];
    return OK;
}
int nvmlDeviceGetClockInfo(device *gpu, unsigned kind, unsigned *found) {
    ENTER(gpu);
    if (kind > 2) return INVALID_ARGUMENT;
    *found = gpu->values[GRAPHICS_CLOCK + kind];
    return OK;
}
int nvmlDeviceGetEncoderUtilization(device *gpu, unsigned *found, unsigned *period) {
    ENTER(gpu);
    *found = gpu->values[ENCODER];
    *period = 100000;
    return OK;
}
int nvmlDeviceGetDecoderUtilization(device *gpu, unsigned *found, unsigned *period) {
    ENTER(gpu);
    *found = gpu->values[DECODER];
    *period = 100000;
    return OK;
}
int nvmlDeviceGetPcieThroughput(device *gpu, unsigned way, unsigned *found) {
    ENTER(gpu);
    *found = gpu->values[way ? RX_RATE : TX_RATE];
    return OK;
}
int nvmlDeviceGetTotalEccErrors(device *gpu, unsigned kind, unsigned counter, u64 *found) {
    ENTER(gpu);
    if (counter != 1) return INVALID_ARGUMENT;
    *found = gpu->values[CORRECTED + kind];
    return OK;
}

typedef struct {
    unsigned id, scope;
    long long time, latency;
    unsigned type, error;
    union { double d; unsigned u; u64 ull; } value;
} field;
int nvmlDeviceGetFieldValues(device *gpu, int count, field *fields) {
    ENTER(gpu);
    for (int f = 0; f < count; f++) {
        int key = fields[f].id == 82 ? MEM_TEMPERATURE : fields[f].id == 197 ? TX_BYTES : RX_BYTES;
        char function[32];
        snprintf(function, sizeof function, "field%u", fields[f].id);
        fields[f].error = fault(function, gpu->number);
        fields[f].type = key == MEM_TEMPERATURE ? 1 : 3;
        fields[f].value.ull = 0;
        if (key == MEM_TEMPERATURE) fields[f].value.u = gpu->values[key];
        else fields[f].value.ull = gpu->values[key];
    }
    return OK;
}

int nvmlDeviceGetMigMode(device *gpu, unsigned *current, unsigned *pending) {
    ENTER(gpu);
    *current = *pending = gpu->count > 0;
    return OK;
}
int nvmlDeviceGetMaxMigDeviceCount(device *gpu, unsigned *count) { ENTER(gpu); *count = 7; return OK; }
int nvmlDeviceGetMigDeviceHandleByIndex(device *gpu, unsigned index, device **found) {
    ENTER(gpu);
    for (int i = 0; i < gpu->count; i++)
        if (gpu->instances[i].index == (int)index) {
            *found = gpu->instances[i].device;
            (*found)->generation = generation;
            return OK;
        }
    return NOT_FOUND;
}
int nvmlDeviceGetGpuInstanceId(device *part, unsigned *id) { ENTER(part); *id = part->gi; return OK; }
int nvmlDeviceGetComputeInstanceId(device *part, unsigned *id) { ENTER(part); *id = part->ci; return OK; }

int nvmlEventSetCreate(void **set) { ENTER(NULL); *set = events; return OK; }
int nvmlEventSetFree(void *set) {
    ENTER(NULL);
    memset(registered, 0, sizeof registered);
    return set == events ? OK : INVALID_ARGUMENT;
}
int nvmlDeviceRegisterEvents(device *gpu, u64 types, void *set) {
    ENTER(gpu);
    if (types != 8 || set != events) return INVALID_ARGUMENT;
    registered[gpu->number] = 1;
    return OK;
}
int nvmlEventSetWait_v2(void *set, event *found, unsigned milliseconds) {
    ENTER(NULL);
    if (set != events) return INVALID_ARGUMENT;
    if (milliseconds) usleep(milliseconds * 1000);
    while (n_events) {
        *found = events[0];
        memmove(events, events + 1, --n_events * sizeof *events);
        if (registered[found->gpu->number]) return OK;
    }
    return TIMEOUT;
}

#ifndef OLD_DRIVER
typedef struct { unsigned version; u64 total, reserved, free, used; } memory_v2;
int nvmlDeviceGetMemoryInfo_v2(device *gpu, memory_v2 *found) {
    ENTER(gpu);
    if (found->version != (sizeof *found | 2 << 24)) return VERSION_MISMATCH;
    found->total = gpu->values[TOTAL];
    found->reserved = gpu->values[RESERVED];
    found->used = gpu->values[USED];
    found->free = found->total - found->used - found->reserved;
    return OK;
}
ANSWER(nvmlDeviceGetCurrentClocksEventReasons, u64, REASONS)

static int list(device *gpu, int compute, unsigned *count, process *found) {
    unsigned room = *count;
    *count = 0;
    for (int p = 0; p < n_processes; p++)
        if (processes[p].gpu == gpu->number && processes[p].compute == compute) {
            if (*count < room) found[*count] = processes[p].process;
            ++*count;
        }
    return *count > room ? INSUFFICIENT_SIZE : OK;
}
int nvmlDeviceGetComputeRunningProcesses_v3(device *gpu, unsigned *count, process *found) {
    ENTER(gpu);
    return list(gpu, 1, count, found);
}
int nvmlDeviceGetGraphicsRunningProcesses_v3(device *gpu, unsigned *count, process *found) {
    ENTER(gpu);
    return list(gpu, 0, count, found);
}
#endif
