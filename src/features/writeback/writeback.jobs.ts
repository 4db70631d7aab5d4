import { defineJob } from '../../platform/queue/jobs.js';

/** A delivery is due. Only wakes the sender: what is due, and in which order, is read from Postgres. */
export const deliver = defineJob<{ deliveryId: string }>({
  name: 'writeback.deliver',
  queue: 'writeback',
  attempts: 3,
  backoffMs: 1_000,
});
