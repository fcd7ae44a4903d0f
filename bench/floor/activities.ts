import http from 'node:http';
import { Context } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import axios from 'axios';

const client = axios.create({ httpAgent: new http.Agent({ keepAlive: true }) });

export interface Place {
  readonly apiUrl: string;
  readonly sid: string;
}

/** What the two floors and the workflow that polls with timers are made of. */
export const activities = {
  async noOp(): Promise<void> {},

  /** The requests of a create, and nothing else: what is there? create it. What came of it? */
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

  /** The same, and the one call to Temporal that has the message arrive once: what was there is written down first. */
  async fencedCreate(place: Place): Promise<void> {
    const { client: temporal, info } = Context.current();
    await temporal.activity.heartbeat(info.taskToken, { watermark: -1 });
    await activities.bareCreate(place);
  },

  /** The requests of a look, and nothing else: what has the agent done? is it alive? */
  async bareLook({ apiUrl, sid }: Place): Promise<void> {
    const conversation = `${apiUrl}/api/conversations/${sid}`;
    const events = await client.get(`${conversation}/events`, { params: { start_id: 0, limit: 50 } });
    const { data } = await client.get(conversation);
    if (data.status !== 'RUNNING' || events.data.events.length < 2)
      throw ApplicationFailure.create({ message: 'not ready' });
  },

  /** A look that finds nothing, for ever. */
  async neverReady(): Promise<void> {
    throw ApplicationFailure.create({ message: 'not ready', category: 'BENIGN' });
  },
};
