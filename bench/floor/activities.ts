import http from 'node:http';
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import axios from 'axios';

const client = axios.create({ httpAgent: new http.Agent({ keepAlive: true }) });

export interface Place {
  readonly apiUrl: string;
  readonly sid: string;
}

/** The activities of the two floors and of the workflow that polls with timers. */
export const activities = {
  async noOp(): Promise<void> {},

  /** Only the requests of a create: read what exists, create it, read the result. */
  async bareCreate(place: Place): Promise<void> {
    const { apiUrl, sid } = place;
    const conversation = `${apiUrl}/api/conversations/${sid}`;
    await client.get(`${conversation}/events`, {
      params: { reverse: true, limit: 50 },
      validateStatus: (status) => status === 404,
    });
    await client.post(`${apiUrl}/api/conversations`, { conversation_id: sid, initial_user_msg: 'Fix the build' });
    await activities.bareLook(place);
  },

  /**
   * The same, with the call to Temporal that makes the message arrive exactly once: what existed is checkpointed first.
   */
  async fencedCreate(place: Place): Promise<void> {
    const { client: temporal, info } = Context.current();
    await temporal.activity.heartbeat(info.taskToken, { watermark: -1 });
    await activities.bareCreate(place);
  },

  /** Only the requests of a look: what has the agent done, and is it alive? */
  async bareLook(place: Place): Promise<void> {
    const { events, status } = await lookAt(place, 0);
    if (status !== 'RUNNING' || events.length < 2) throw ApplicationFailure.create({ message: 'not ready' });
  },

  /** A look that never finds the conversation ready. */
  async neverReady(): Promise<void> {
    throw ApplicationFailure.create({ message: 'not ready', category: 'BENIGN' });
  },

  /** The same, with the two requests of a look that finds nothing new. */
  async neverReadyLook(place: Place): Promise<void> {
    await lookAt(place, Number.MAX_SAFE_INTEGER);
    await activities.neverReady();
  },
};

async function lookAt({ apiUrl, sid }: Place, start_id: number) {
  const conversation = `${apiUrl}/api/conversations/${sid}`;
  const { data: page } = await client.get(`${conversation}/events`, { params: { start_id, limit: 50 } });
  const { data: info } = await client.get(conversation);
  return { events: page.events as unknown[], status: info.status as unknown };
}
