// One board on the WebAssembly MicroPython.
// Usage: node board.mjs PACKAGE-FOLDER HEAP-BYTES BOOTSTRAP SHIM... -- PAGE-FD UART-FD ADC-FD DAC-FD FILES-FD
// Each SHIM is a Python file, or a folder of them.
//
// Python never blocks here: it runs a turn whenever something arrives or a task is due, and returns. See shims/wasm/.
import { readFileSync, readSync, writeSync } from "node:fs";
import { Socket } from "node:net";
import { basename } from "node:path";
import { isatty, ReadStream } from "node:tty";
import { copy, load, report, secrets } from "./python.mjs";

const ROOM = 8192; // bytes that may wait for the firmware; beyond half of it the kernel's buffer fills instead
const PIECE = ROOM / 2;
const IDLE = -1;
const FINISHED = -2;

const [folder, heapBytes, bootstrap, ...rest] = process.argv.slice(2);
const split = rest.indexOf("--");
const [shims, parameters] = [rest.slice(0, split), rest.slice(split + 1)];
Error.stackTraceLimit = 0; // an empty descriptor answers by an error, and a stack trace costs more than the read

const python = await load(folder, Number(heapBytes));
const memory = () => python._module.HEAPU8;
const still = new Int32Array(new SharedArrayBuffer(4));
const lines = new Map(); // descriptor to what has arrived on it
let page = null;
let turn = null;
let alarm = null;
let soon = false;

// What arrives on one descriptor, read as soon as it is there so that node's own loop can sleep meanwhile.
class Line {
    constructor(fd) {
        this.bytes = Buffer.alloc(ROOM);
        this.start = this.end = 0;
        const onread = { buffer: Buffer.alloc(PIECE), callback: (count, buffer) => this.arrive(count, buffer) };
        this.socket = isatty(fd) ? new ReadStream(fd, { onread }) : new Socket({ fd, readable: true, writable: false, onread });
        this.socket.on("error", () => {}); // the board lives on without its line
        this.socket.read(0);
    }

    arrive(count, buffer) {
        this.bytes.copyWithin(0, this.start, this.end);
        this.end -= this.start;
        this.start = 0;
        buffer.copy(this.bytes, this.end, 0, count);
        this.end += count;
        schedule();
        this.paused = this.end > ROOM - PIECE;
        return !this.paused;
    }

    take(address, length) {
        const count = Math.min(length, this.end - this.start);
        memory().set(this.bytes.subarray(this.start, this.start + count), address);
        this.start += count;
        if (this.paused && this.end - this.start <= ROOM - PIECE) {
            this.paused = false;
            this.socket.resume();
            this.socket.read(0);
        }
        return count;
    }
}

function quietly(move) {
    try {
        return move();
    } catch {
        return -1; // nothing there, or no room: as the C library says it
    }
}

function look() {
    readSync(page.fd, memory(), page.address + page.world, page.worldBytes, page.world);
}

function show() {
    writeSync(page.fd, memory(), page.address + page.firmware, page.firmwareBytes, page.firmware);
}

const host = {
    ...secrets(python),

    connect(fd, bytes, firmware, firmwareBytes, world, worldBytes) {
        const address = python._module._malloc(bytes);
        page = { fd, address, firmware, firmwareBytes, world, worldBytes };
        readSync(fd, memory(), address, bytes, 0);
        return address;
    },

    settle() {
        show();
        look();
    },

    listen: (fd) => void lines.set(fd, new Line(fd)),
    readable: (fd) => lines.get(fd).end > lines.get(fd).start,
    read: (fd, address, length) =>
        lines.get(fd).take(address, length) || quietly(() => readSync(fd, memory(), address, length, null)),
    write: (fd, address, length) => quietly(() => writeSync(fd, memory(), address, length)),

    // The same on a descriptor that blocks, all of it.
    send(fd, address, length) {
        for (let done = 0; done < length; ) done += writeSync(fd, memory(), address + done, length - done);
    },
    receive(fd, address, length) {
        for (let done = 0; done < length; ) {
            const count = readSync(fd, memory(), address + done, length - done, null);
            if (!count) host.exit(1); // the simulator is gone
            done += count;
        }
    },

    sleep(ms) {
        show();
        Atomics.wait(still, 0, 0, ms);
        look();
    },

    exit(code) {
        if (page) show();
        process.exit(code);
    },
};

// Run a piece of Python at the top level; true unless it ended by parking itself in asyncio.run().
function run(source) {
    try {
        python.runPython(source);
        return true;
    } catch (error) {
        if (error.type !== "Parked") fail(error);
        return false;
    }
}

function fail(error) {
    writeSync(1, report(error) + "\n");
    host.exit(1);
}

function step() {
    soon = false;
    clearTimeout(alarm);
    look();
    let wait;
    try {
        wait = turn();
    } catch (error) {
        fail(error);
    }
    show();
    if (wait === FINISHED) {
        run("program('/main.py')");
        host.exit(0);
    }
    if (wait === 0) schedule();
    else if (wait !== IDLE) alarm = setTimeout(step, wait);
}

// At the end of this round of node's loop: what arrived together is handled together.
function schedule() {
    if (soon || !turn) return;
    soon = true;
    setImmediate(step);
}

python.registerJsModule("node", host);
python.globals.set("parameters", parameters);
for (const shim of shims) copy(python, shim, shim.endsWith(".py") ? "/shims/" + basename(shim) : "/shims");
run("import sys\nsys.path[:] = ['/shims', '.frozen']\nsys.argv[:] = [''] + list(parameters)");
if (run(readFileSync(bootstrap, "utf8"))) host.exit(0);
turn = python.pyimport("loop").turn;
schedule(); // once node has finished its own start, which would make the first alarm late
