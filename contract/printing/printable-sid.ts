import { workflowIdOf } from '../names.js';
import { printable } from './printable.js';

/** Characters that no terminal or page interprets. */
const plain = /^[\w.-]{1,100}$/;

/**
 * A sid that is safe to print. A plain sid that its workflow id contains is returned unchanged: a run is always shown
 * together with its workflow id, so hiding the sid would hide nothing.
 */
export function printableSid(sid: string, workflowId: string | undefined): string {
  return plain.test(sid) && workflowId === workflowIdOf(sid) ? sid : printable(sid);
}
