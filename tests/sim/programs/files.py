# A main.py that uses its flash and says what came of it.
import os


def tried(what, *arguments):
    try:
        return what(*arguments)
    except OSError as error:
        return "OSError", error.errno


def read(name):
    with open(name) as file:
        return file.read()


print(sorted(os.listdir("/")), sorted(os.listdir("a/handset"))[:3])
print(tried(open, "/nothing"), tried(os.remove, "/nothing"), tried(os.stat, "/nothing/here"), tried(os.mkdir, "/a"))
with open("/log.txt", "w") as file:
    file.write("first\n")
    file.write("second\n")
with open("/log.txt", "a") as file:
    file.write("third\n")
print(read("/log.txt"), os.stat("/log.txt")[6], [line for line in open("/log.txt")])
with open("/new.txt", "a") as file:
    file.write("made by appending")
print(read("/new.txt"))
with open("/blob", "wb") as file:
    for number in range(40):
        file.write(bytes([number]) * 100)
with open("/blob", "rb") as file:
    file.seek(3950)
    print(len(file.read()), file.tell())
os.mkdir("/box")
os.rename("/blob", "/box/blob")
os.chdir("/box")
print(os.getcwd(), os.listdir(), os.stat("blob")[6], tried(os.rmdir, "/box"))
os.remove("blob")
os.chdir("/")
os.rmdir("box")
with open("/log.txt", "r+b") as file:
    file.write(b"FIRST")
print(read("log.txt"), tried(os.stat, "/box"), os.statvfs("/")[0], os.statvfs("/")[2])
print(sorted(entry[0] for entry in os.ilistdir("/")))
