/* What a worker's interpreter runs first (python -c). It says which Python and PySpark it is, wraps
 * read_command so that the engine knows the function's name, and then calls the main of PySpark's
 * own worker module on the socket, which is descriptor 3. Output goes to the pipe that is stdout
 * and stderr, never to the socket. */
#include "python/worker.h"

const char weir_py_boot[] =
    "import json, os, socket, struct, sys\n"
    "from importlib.util import find_spec\n"
    "sock = socket.socket(fileno=3)\n"
    "def say(b): sock.sendall(struct.pack('>i', len(b)) + b)\n"
    "kind = sys.argv[1]\n"
    "sys.argv = sys.argv[1:]\n"
    /* modules of the engine's folder can be had, but do not hide others */
    "if sys.path[:1] == ['']: sys.path.append(sys.path.pop(0))\n"
    "spec = find_spec('pyspark')\n"
    "home = os.path.dirname(spec.origin) if spec and spec.origin else ''\n"
    "found = {}\n"
    "if home: exec(open(os.path.join(home, 'version.py')).read(), found)\n"
    "os.environ.setdefault('SPARK_HOME', home)\n" /* the light client's worker asks for one */
    "say(json.dumps({'python': '%d.%d' % sys.version_info[:2],\n"
    "    'pyspark': found.get('__version__', '')}).encode())\n"
    "if not home: sys.exit(0)\n"
    "def label(f):\n"
    "    if isinstance(f, tuple): f = f[0]\n"
    /* foreach wraps what the user gave, in a function of PySpark's with a variable f */
    "    names = getattr(getattr(f, '__code__', None), 'co_freevars', ())\n"
    "    if getattr(f, '__module__', '').startswith('pyspark.') and 'f' in names:\n"
    "        f = f.__closure__[names.index('f')].cell_contents\n"
    "    return getattr(f, '__qualname__', None) or type(f).__qualname__\n"
    "import pyspark.worker as worker\n"
    "real = worker.read_command\n"
    "def read_command(ser, f):\n"
    "    command = real(ser, f)\n"
    "    say(label(command).encode('utf-8', 'replace'))\n"
    "    return command\n"
    "worker.read_command = read_command\n"
    "if kind == 'foreachBatch':\n"
    "    from pyspark.sql.connect.streaming.worker import foreach_batch_worker as m\n"
    "    f = sock.makefile('rwb', 65536)\n"
    "    m.main(f, f)\n"
    "else:\n"
    "    import gc\n"
    "    infile = os.fdopen(os.dup(3), 'rb', 65536)\n"
    "    outfile = os.fdopen(os.dup(3), 'wb', 65536)\n"
    "    while infile.peek(1):\n" /* as pyspark.daemon: one task after the other */
    "        try: worker.main(infile, outfile)\n"
    "        finally: outfile.flush()\n"
    "        gc.collect()\n";
