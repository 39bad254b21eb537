// The WebAssembly MicroPython with a monotonic clock, files copied into it, and what its shims ask of `node`.
import { createCipheriv, createDecipheriv, randomFillSync } from "node:crypto";
import { readdirSync, readFileSync, statSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const AES_BLOCK = 16;

// The machine's monotonic clock in milliseconds, as the 32-bit VM's ticks are: a date would jump, and a process of its
// own would start at zero, where no test of the wrap could reach it.
const booted = Number(process.hrtime.bigint()) / 1e6 - performance.now();
export const monotonicMs = () => Math.floor(booted + performance.now());

// Resolves to MicroPython; heapBytes is what its heap starts with, as much as it likes to add is not refused.
export async function load(folder, heapBytes) {
    const { loadMicroPython } = await import(pathToFileURL(join(folder, "micropython.mjs")));
    // The build counts its ticks by Date.now() from when it was loaded: from zero here.
    Date.now = () => 0;
    const python = await loadMicroPython({
        heapsize: heapBytes,
        linebuffer: true,
        stdout: (line) => writeSync(1, line + "\n"),
    });
    Date.now = monotonicMs;
    return python;
}

// Copies a file, or the Python and JSON files of a folder and its folders, into MicroPython's own file system.
export function copy(python, source, target) {
    if (statSync(source).isDirectory()) {
        python.FS.mkdirTree(target);
        for (const name of readdirSync(source))
            if (name !== "__pycache__") copy(python, join(source, name), target + "/" + name);
    } else if (/\.(py|json)$/.test(source)) {
        python.FS.mkdirTree(dirname(target));
        python.FS.writeFile(target, readFileSync(source));
    }
}

// What cryptolib and os.urandom lack in this build. Buffers are given by address and length in MicroPython's memory.
export function secrets(python) {
    const memory = (address, length) => python._module.HEAPU8.subarray(address, address + length);
    return {
        random: (address, length) => void randomFillSync(memory(address, length)),
        // iv is 0 for ECB; else the vector there is replaced by the one that continues the chain.
        aes(encrypt, key, keyLength, iv, source, length, target) {
            const name = `aes-${keyLength * 8}-${iv ? "cbc" : "ecb"}`;
            const vector = iv ? memory(iv, AES_BLOCK) : null;
            const cipher = (encrypt ? createCipheriv : createDecipheriv)(name, memory(key, keyLength), vector);
            cipher.setAutoPadding(false);
            const input = memory(source, length);
            const output = cipher.update(input);
            if (iv && length) vector.set((encrypt ? output : input).subarray(length - AES_BLOCK));
            memory(target, length).set(output);
        },
    };
}

// The text of what Python raised. Printed as node prints it, it would bring the whole minified module along.
export const report = (error) => String(error?.message ?? error).slice(0, 4000);
