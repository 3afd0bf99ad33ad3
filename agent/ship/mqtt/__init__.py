"""The link on a real socket: paho-mqtt 2, driven by a loop of our own.

A new client is made for every connection, so that no queue outlives one: the spool is the outbox.
"""

from agent.ship.mqtt.connection import Broker as Broker
from agent.ship.mqtt.shipper import Ports as Ports
from agent.ship.mqtt.shipper import Records as Records
from agent.ship.mqtt.shipper import Shipper as Shipper
