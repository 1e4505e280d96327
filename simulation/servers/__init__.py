"""The stand-in plant's servers on loopback: a control system over OPC UA, a safety system over Modbus TCP."""

from simulation.servers.modbus_server import ModbusServer
from simulation.servers.opcua_server import OpcUaServer

__all__ = ["ModbusServer", "OpcUaServer"]
