"""Containers and systemd units by their control groups, in both versions.

`naming` tells what a group is and its name, `accounts` what its files say, `group` reads one, `collector`
all. A unit is a control group like a container, and is reported as one whose runtime is `systemd`: one
schema, one alert rule for both. What runs inside a container (another container, say) is part of it.
"""

from collectors.containers.collector import COLLECTOR as COLLECTOR
