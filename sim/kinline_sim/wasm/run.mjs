// Runs Python files on the WebAssembly MicroPython, the firmware's own version.
// Usage: node run.mjs PACKAGE-FOLDER compile FILE...    compile each file, run nothing
//        node run.mjs PACKAGE-FOLDER run FOLDER... -- SCRIPT ARGUMENT...    copy folders in, run one script
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [folder, verb, ...rest] = process.argv.slice(2);
const { loadMicroPython } = await import(pathToFileURL(join(folder, "micropython.mjs")));
const python = await loadMicroPython({ heapsize: 8 * 1024 * 1024, linebuffer: true });

function copy(path) {
    if (statSync(path).isDirectory()) {
        python.FS.mkdirTree("/" + path);
        for (const name of readdirSync(path)) if (name !== "__pycache__") copy(join(path, name));
    } else if (/\.(py|json)$/.test(path)) {
        python.FS.writeFile("/" + path, readFileSync(path));
    }
}

function guarded(work) {
    try {
        work();
        return true;
    } catch (error) {
        // Without this node prints the whole minified module.
        console.error(String(error).slice(0, 2000));
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
} else {
    const split = rest.indexOf("--");
    for (const path of rest.slice(0, split)) {
        python.FS.mkdirTree("/" + path.split("/").slice(0, -1).join("/"));
        copy(path);
    }
    const [script, ...parameters] = rest.slice(split + 1);
    python.globals.set("parameters", parameters);
    sound = guarded(() => python.runPython(
        "import sys, os\nos.chdir('/')\nsys.argv[:] = [''] + list(parameters)\n" + readFileSync(script, "utf8")));
}
process.exit(sound ? 0 : 1);
