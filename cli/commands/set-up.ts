import { registerSearchAttributes } from '../../client/search-attributes.js';
import type { Answer, Context } from '../answer.js';

export async function setUp({ connect }: Context): Promise<Answer> {
  const { client } = await connect();
  const registered = await registerSearchAttributes(client);
  const { namespace } = client.options;
  const text =
    registered.length > 0 ? `registered ${registered.join(', ')}` : 'nothing to register: all search attributes exist';
  return { text: `${text} (namespace ${namespace})`, json: { namespace, registered } };
}
