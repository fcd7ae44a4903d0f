import type { RunningProgram } from '../../dev-stack/programs.js';
import { afterPost, beforePost, duringLook, readyUnreported } from './moments.js';
import { kill, type Scene } from './scene.js';

export interface Disaster {
  readonly name: string;
  /** The maximum cost for a start: looks beyond the usual number, and creates. */
  readonly costs: { readonly looks: number; readonly creates: number };
  /** Strikes. Resolves when it is over. */
  strike(scene: Scene, worker: RunningProgram): Promise<void>;
}

/** A look was lost, or did not reach the server. */
const aLook = { looks: 1, creates: 0 };

/** One more look, to see that the server came back without the conversation's loop, which must be created again. */
const aLife = { looks: 2, creates: 1 };

export const disasters: readonly Disaster[] = [
  {
    name: 'the worker is killed and another one is started',
    costs: aLook,
    async strike(scene, worker) {
      await kill(worker);
      await scene.startWorker();
    },
  },
  {
    name: 'one of two workers is killed',
    costs: aLook,
    async strike(scene, worker) {
      await scene.startWorker();
      await kill(worker);
    },
  },
  {
    name: 'Temporal is killed and restarted',
    costs: aLook,
    async strike({ temporal }) {
      await temporal.stop('SIGKILL');
      await temporal.start();
    },
  },
  {
    name: 'Temporal is shut down and restarted',
    costs: aLook,
    async strike({ temporal }) {
      await temporal.stop('SIGTERM');
      await temporal.start();
    },
  },
  {
    name: 'the nested server is killed and restarted',
    costs: aLife,
    async strike(scene) {
      await scene.takeNestedServersDown();
      await scene.attemptsEnded([beforePost, afterPost, duringLook]);
      await scene.bringNestedServersUp({ losing: 'memory' });
    },
  },
  {
    name: 'the connection between worker and Temporal is cut until all attempts have timed out',
    costs: aLook,
    async strike(scene) {
      await scene.line.cut();
      await scene.attemptsEnded([beforePost, afterPost, duringLook, readyUnreported]);
      await scene.line.restore();
    },
  },
  {
    name: 'the connection between worker and nested server is cut and restored',
    costs: aLook,
    async strike(scene) {
      await scene.takeNestedServersDown();
      await scene.attemptsEnded([beforePost, afterPost, duringLook]);
      await scene.bringNestedServersUp({ losing: 'nothing' });
    },
  },
  {
    name: 'worker, Temporal and nested server are killed and restarted',
    costs: aLife,
    async strike(scene, worker) {
      await Promise.all([kill(worker), scene.temporal.stop('SIGKILL'), scene.takeNestedServersDown()]);
      await scene.temporal.start();
      await scene.bringNestedServersUp({ losing: 'memory' });
      await scene.startWorker();
    },
  },
];
