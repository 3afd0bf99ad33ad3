from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.containers.naming import MOST_FILES, Group, Names, container, service, unescaped
from tests.collectors.conftest import Make

A, B, C = "a1" * 32, "b2" * 32, "c3" * 32
POD = "kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod2227daae_c3e5.slice"

NUMBERED = [
    (f"/docker/{A}", "docker"),
    (f"/system.slice/docker-{A}.scope", "docker"),
    (f"/user.slice/user-1000.slice/user@1000.service/user.slice/docker-{A}.scope", "docker"),
    (f"/{POD}/cri-containerd-{A}.scope", "containerd"),
    (f"/{POD}/crio-{A}.scope", "cri-o"),
    (f"/{POD}/docker-{A}.scope", "docker"),
    (f"/kubepods/besteffort/pod2227daae-c3e5/{A}", "kubernetes"),
    (f"/system.slice/nerdctl-{A}.scope", "containerd"),
    (f"/machine.slice/libpod-{A}.scope", "podman"),
    (f"/libpod_parent/libpod-{A}", "podman"),
    (f"/user.slice/user-1000.slice/user@1000.service/app.slice/redis.service/libpod-payload-{A}", "podman"),
    (f"/system.slice/balena-{A}.scope", "balena"),
    (f"/k8s.io/{A}", "unknown"),
]
NAMED = [
    ("/lxc.payload.web", "lxc", "web"),
    ("/lxc/web", "lxc", "web"),
    ("/machine.slice/machine-build\\x2dbox.scope", "systemd-nspawn", "build-box"),
    ("/machine.slice/systemd-nspawn@build\\x2dbox.service", "systemd-nspawn", "build-box"),
    ("/machine.slice/machine-qemu\\x2d12\\x2dvm\\x2done.scope", "libvirt", "vm-one"),
]
NONE = [
    f"/machine.slice/libpod-conmon-{A}.scope",
    f"/{POD}/crio-conmon-{A}.scope",
    f"/{POD}",
    f"/system.slice/docker-{A[:12]}.scope",
    f"/system.slice/docker-{A}.scope.d",
    f"/system.slice/{A.upper()}",
    "/system.slice/docker.service",
    "/lxc.monitor.web",
    "/lxc/web/inner",
    "/user.slice/machine-box.scope",
    "/machine.slice",
]


@pytest.mark.parametrize(("path", "runtime"), NUMBERED)
def test_digits_in_a_path_are_a_container(path: str, runtime: str) -> None:
    assert container(path) == Group(path, runtime, A, numbered=True)


@pytest.mark.parametrize(("path", "runtime", "name"), NAMED)
def test_a_name_in_a_path_is_a_container(path: str, runtime: str, name: str) -> None:
    assert container(path) == Group(path, runtime, name)


@pytest.mark.parametrize("path", NONE)
def test_another_path_is_none(path: str) -> None:
    assert container(path) is None


@given(st.text(max_size=90))
def test_any_path_is_a_container_or_none(path: str) -> None:
    found = container(path)
    assert found is None or found.path == path


def test_a_unit_is_reported_where_a_pattern_asks_for_it() -> None:
    path = "/system.slice/vllm\\x2done.service"
    assert service(path, ("ollama*", "vllm*")) == Group(path, "systemd", "vllm-one.service")
    assert service(path, ()) is None
    assert service("/system.slice", ("*.slice",)) == Group("/system.slice", "systemd", "system.slice")


@pytest.mark.parametrize(
    ("name", "right"), [("a\\x2db", "a-b"), ("caf\\xc3\\xa9", "caf\xe9"), ("\\x", "\\x"), ("\\xff", "\udcff")]
)
def test_escapes_are_the_bytes_they_stand_for(name: str, right: str) -> None:
    assert unescaped(name) == right


def numbered(runtime: str, digits: str, path: str = "/x") -> Group:
    return Group(path, runtime, digits, numbered=True)


PODMAN = "var/lib/containers/storage/overlay-containers/containers.json"
LOGS = "var/log/containers"
FILES = {
    f"var/lib/docker/containers/{A}/config.v2.json": json.dumps({"ID": A, "Name": "/web"}),
    PODMAN: json.dumps([{"id": B, "names": ["detector", "alias"]}, {"id": C}, 7]),
    f"{LOGS}/llm-7d9f_models_vllm-{C}.log": "",
    f"{LOGS}/other.txt": "",
}


def test_names_are_those_that_the_runtimes_gave(make: Make) -> None:
    names = Names(make(FILES))
    groups = [
        numbered("docker", A),
        numbered("podman", B),
        numbered("containerd", C, "/kubepods/x"),
        Group("/y", "lxc", "z"),
    ]
    assert names.of(groups) == ["web", "detector", "models/llm-7d9f/vllm", "z"]
    assert names.why == ""


def test_a_name_is_looked_up_once(make: Make, tmp_path: Path) -> None:
    names = Names(make(FILES))
    names.of([numbered("docker", A)])
    (tmp_path / "var/lib/docker/containers" / A / "config.v2.json").unlink()
    assert names.of([numbered("docker", A)]) == ["web"]
    assert names.of([]) == []
    assert names.of([numbered("docker", A)]) == [A[:12]]  # forgotten with the container


def test_only_so_many_files_of_docker_are_read_in_one_search(make: Make) -> None:
    ids = [f"{number:064x}" for number in range(MOST_FILES + 3)]
    names = Names(
        make(
            {f"var/lib/docker/containers/{each}/config.v2.json": json.dumps({"Name": "/web"}) for each in ids}
        )
    )
    groups = [numbered("docker", each) for each in ids]
    assert names.of(groups).count("web") == MOST_FILES
    assert names.why == "/var/lib/docker/containers: 3 files are read at a later search"
    assert names.of(groups).count("web") == len(ids)
    assert names.why == ""


@pytest.mark.parametrize("runtime", ["docker", "podman"])
def test_without_its_file_a_container_goes_by_its_short_digits(make: Make, runtime: str) -> None:
    names = Names(make({"x": ""}))
    assert names.of([numbered(runtime, A)]) == [A[:12]]
    assert names.why.endswith("No such file or directory")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "7", '{"Name": 7}', '{"Name": ""}', "[" * 9999, "\udcff", "x" * (2 << 20)]
)
def test_a_malformed_file_costs_the_name_alone(make: Make, text: str, tmp_path: Path) -> None:
    host = make({PODMAN: "", f"var/lib/docker/containers/{A}/config.v2.json": ""})
    for file in (PODMAN, f"var/lib/docker/containers/{A}/config.v2.json"):
        (tmp_path / file).write_bytes(text.encode("utf-8", "surrogateescape"))
    names = Names(host)
    assert names.of([numbered("docker", A), numbered("podman", B)]) == [A[:12], B[:12]]
    assert "docker" in names.why


def test_a_name_full_of_escapes_is_made_harmless(make: Make) -> None:
    names = Names(
        make({f"var/lib/docker/containers/{A}/config.v2.json": json.dumps({"Name": "/\x1b[2J\ud800"})})
    )
    assert names.of([numbered("docker", A), Group("/y", "lxc", "\udcff\n")]) == ["?[2J?", "\ufffd?"]
