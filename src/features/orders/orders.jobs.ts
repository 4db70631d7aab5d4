import { defineJob, type OrdersOfJob } from '../../platform/queue/jobs.js';

/** Puts accepted orders into the dial queue; a no-op for those that are there already. */
export const scheduleOrder = defineJob<OrdersOfJob>({
  name: 'order.schedule',
  queue: 'intake',
  attempts: 3,
  backoffMs: 500,
});
