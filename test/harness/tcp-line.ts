import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { pipeline } from 'node:stream';

/** A connection to a server that can be cut and restored, for any protocol. */
export interface TcpLine {
  readonly port: number;
  /** Closes open connections, and refuses new ones until {@link restore}. */
  cut(): Promise<void>;
  restore(): Promise<void>;
  /** Cuts it unless it is cut. */
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1 and forwards the bytes to another port there. */
export async function startTcpLine({ targetPort }: { targetPort: number }): Promise<TcpLine> {
  const open = new Set<Socket>();
  const server = createServer((incoming) => {
    open.add(incoming);
    pipeline(incoming, connect(targetPort, '127.0.0.1'), incoming, () => open.delete(incoming));
  });
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  };
  const cut = async () => {
    for (const socket of open) socket.destroy();
    server.close();
    await once(server, 'close');
  };
  const port = await listen(0);
  return {
    port,
    cut,
    async restore() {
      await listen(port);
    },
    async close() {
      if (server.listening) await cut();
    },
  };
}
