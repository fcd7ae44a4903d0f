import { type ChildServer, type StartChildServerOptions, startChildServer } from './child-server.js';

export interface StartPythonServerOptions extends Omit<StartChildServerOptions, 'command'> {
  /** The path of the Python in the venv where the server is installed. */
  python: string;
  /** The module of the server's command line. */
  module: string;
}

/** Starts a server that is a Python module. */
export function startPythonServer(options: StartPythonServerOptions): Promise<ChildServer> {
  const { python, module, args, env, ...rest } = options;
  return startChildServer({
    ...rest,
    command: python,
    args: (port) => ['-m', module, ...args(port)],
    env: { ...env, PYTHONUNBUFFERED: '1', PYTHONHOME: undefined, PYTHONPATH: undefined },
  });
}
