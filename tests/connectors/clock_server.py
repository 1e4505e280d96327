"""A simulated server in a process of its own whose points show the time at which they were set, and which one they are.

    python clock_server.py PLANT SOURCE PORT PERIOD_S [NAMESPACE ...]

It says `ready PORT`, and `sessions N` when more sessions are open than ever before. SIGUSR1 deletes all sessions.
"""

import asyncio
import signal
import sys
import time
from pathlib import Path

import numpy as np

from plantsafe.plant import load_plant
from simulation.servers import ModbusServer, OpcUaServer

APART = 1e5  # what separates the values of two points; seconds modulo this are the rest


async def delete_sessions(server: OpcUaServer) -> None:
    for client in list(server._server.bserver.clients):
        if client.processor.session is not None:
            await client.processor.session.close_session(True)


async def main(file: str, source: str, port: str, period: str, *namespaces: str) -> None:
    plant, period_s = load_plant(Path(file)), float(period)
    row = plant.sources.row[source]
    points = len(plant.sources.points[row])
    opcua = plant.file.sources[row].protocol == "opcua"
    server = (
        OpcUaServer(plant, source, int(port), namespaces_before=namespaces)
        if opcua
        else ModbusServer(plant, source, int(port))
    )
    await server.start()
    if isinstance(server, OpcUaServer):
        asked: set[asyncio.Task[None]] = set()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGUSR1, lambda: asked.add(loop.create_task(delete_sessions(server))))

    async def show() -> None:
        now_s = time.time()
        value = now_s % APART + APART * np.arange(points)
        await server.update(value, np.zeros(points, dtype=np.uint32), np.full(points, int(now_s * 1e6) * 1000))

    await show()
    print("ready", server.port, flush=True)
    most, began_s = 0, time.monotonic()
    for turn in range(sys.maxsize):
        await asyncio.sleep(began_s + turn * period_s - time.monotonic())
        await show()
        sessions = 0
        if isinstance(server, OpcUaServer):
            sessions = sum(client.processor.session is not None for client in server._server.bserver.clients)
        if sessions > most:
            most = sessions
            print("sessions", most, flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
