"""What is the matter with this device and its way to the broker, in words, each with what to do.

Every examination gives findings; none stops at the first fault unless what follows depends on it.
Nothing is changed: the one thing sent is a publish to the device's own `doctor` topic.
"""

from agent.doctor.finding import LEVELS as LEVELS
from agent.doctor.finding import Finding as Finding
from agent.doctor.finding import Level as Level
from agent.doctor.finding import worst as worst
