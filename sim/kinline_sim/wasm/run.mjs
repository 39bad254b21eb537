// Runs Python files on the WebAssembly MicroPython, the firmware's own version, without a board.
// Usage: node run.mjs PACKAGE-FOLDER compile FILE...    compile each file, run nothing
//        node run.mjs PACKAGE-FOLDER say SOURCE    run a line of Python
//        node run.mjs PACKAGE-FOLDER run PATH... -- SCRIPT ARGUMENT...    copy files and folders in, run one script
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { copy, load, report, secrets } from "./python.mjs";

const [folder, verb, ...rest] = process.argv.slice(2);
const python = await load(folder, 8 * 1024 * 1024);
python.registerJsModule("node", secrets(python));
const cryptolib = join(dirname(fileURLToPath(import.meta.url)), "../shims/wasm/cryptolib.py");
copy(python, cryptolib, "/cryptolib.py");

function guarded(work) {
    try {
        work();
        return true;
    } catch (error) {
        console.error(report(error));
        return false;
    }
}

let sound = true;
if (verb === "compile") {
    for (const file of rest) {
        python.globals.set("source", readFileSync(file, "utf8"));
        python.globals.set("name", file);
        sound = guarded(() => python.runPython("compile(source, name, 'exec')")) && sound;
    }
} else if (verb === "say") {
    sound = guarded(() => python.runPython(rest[0]));
} else {
    const split = rest.indexOf("--");
    for (const path of rest.slice(0, split)) copy(python, path, "/" + path);
    const [script, ...parameters] = rest.slice(split + 1);
    python.globals.set("parameters", parameters);
    sound = guarded(() => python.runPython(
        "import sys, os\nos.chdir('/')\nsys.argv[:] = [''] + list(parameters)\n" + readFileSync(script, "utf8")));
}
process.exit(sound ? 0 : 1);
