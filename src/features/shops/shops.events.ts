import { defineEvent } from '../../platform/outbox/events.js';

/** An administrator has stored the shop's settings, new or changed; published in the transaction that stores them. */
export const shopStored = defineEvent<{ readonly shopId: string }>('shop.stored');
