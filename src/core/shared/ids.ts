/** An id that cannot be mistaken for another kind of id; at run time a plain string. */
export type Branded<T extends string> = string & { readonly __kind?: T };

/** The shop's slug, as it stands in its URLs. */
export type ShopId = Branded<'shop'>;
/** Our own UUID of an order; the shop's own number is `orderId`. */
export type OrderRef = Branded<'order'>;
/** UUID of a call; the buyer's channel in Asterisk carries the same id, and so does the attempt that the call was placed for. */
export type CallId = Branded<'call'>;
export type AgentId = Branded<'agent'>;
export type GroupId = Branded<'group'>;
