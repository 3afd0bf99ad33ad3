"""Processes by name, systemd unit or pid file; all that one watch picks are summed.

`sources` finds them, `accounts` and `graphics` read one, `watch` sums, `collector` polls. The attribute
`process.watch` is the name that the configuration gives the watch, not one that a process gives itself.

Not reported: context switches, which `/proc` tells of the main thread alone, and GPU memory of NVIDIA's
driver, which its own collector reports by process.
"""

from collectors.processes.collector import COLLECTOR as COLLECTOR
