import { defineJob } from '../../platform/queue/jobs.js';

/** Puts an accepted order into the dial queue; a no-op when it is there already. */
export const scheduleOrder = defineJob<{ readonly orderRef: string }>({
  name: 'order.schedule',
  queue: 'intake',
  attempts: 3,
  backoffMs: 500,
});
