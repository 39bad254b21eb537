# A main.py that uses asyncio and says what came of it; its main task ends by an exception.
import asyncio


async def count(name, pause, times):
    for number in range(times):
        await asyncio.sleep_ms(pause)
        said.append(name + str(number))
    return name


async def broken():
    await asyncio.sleep_ms(1)
    raise ValueError("broken")


async def cancelled():
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        said.append("cancelled")
        raise


async def waiter(event):
    await event.wait()
    said.append("event")


async def signalled(flag):
    await flag.wait()
    said.append("flag")


def handler(_loop, context):
    said.append(repr(context["exception"]))


async def main():
    asyncio.get_event_loop().set_exception_handler(handler)
    print(await asyncio.gather(count("a", 20, 2), count("b", 300, 1)), said)
    said.clear()
    try:
        await asyncio.wait_for(count("never", 60000, 1), 0.02)
    except asyncio.TimeoutError:
        said.append("timeout")
    print(await asyncio.wait_for(count("c", 1, 1), 5), said)
    task = asyncio.create_task(cancelled())
    await asyncio.sleep_ms(5)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        said.append("seen")
    event = asyncio.Event()
    flag = asyncio.ThreadSafeFlag()
    tasks = [asyncio.create_task(waiter(event)), asyncio.create_task(signalled(flag))]
    await asyncio.sleep_ms(5)
    event.set()
    await asyncio.sleep_ms(5)
    flag.set()
    await asyncio.gather(*tasks)
    try:
        await asyncio.create_task(broken())
    except ValueError as error:
        said.append("awaited " + str(error))
    asyncio.create_task(broken())
    await asyncio.sleep_ms(30)
    lock = asyncio.Lock()
    async with lock:
        said.append(lock.locked())
    print(said, asyncio.current_task().done())
    raise KeyError("the end")


said = []
try:
    asyncio.run(main())
except KeyError as error:
    print("main task:", repr(error))
