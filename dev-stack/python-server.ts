import { type ChildServer, type StartChildServerOptions, startChildServer } from './child-server.js';

export interface StartPythonServerOptions extends Omit<StartChildServerOptions, 'command'> {
  /** Path of the Python of the venv in which the server is installed. */
  python: string;
  /** The module that is the server's command line. */
  module: string;
}

/** Runs a module as `python -m` does, but ends its whole process group soon after the end of the pipe on descriptor 3. */
const RUN_WITH_PARENT = `
import os, runpy, signal, sys, threading, time

def end_with_parent():
    os.read(3, 1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(5)
    os.killpg(0, signal.SIGKILL)

threading.Thread(target=end_with_parent, daemon=True).start()
del sys.argv[0]
runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)
`;

/** Starts a server that is a Python module, so that it ends with this process even when this process is killed. */
export function startPythonServer(options: StartPythonServerOptions): Promise<ChildServer> {
  const { python, module, args, env, ...rest } = options;
  return startChildServer({
    ...rest,
    command: python,
    args: (port) => ['-c', RUN_WITH_PARENT, module, ...args(port)],
    env: { ...env, PYTHONUNBUFFERED: '1', PYTHONHOME: undefined, PYTHONPATH: undefined },
  });
}
