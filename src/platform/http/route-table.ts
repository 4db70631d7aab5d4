/** Which methods each address answers to, so that a wrong method is told as 405 with `Allow` rather than as 404. */
export class RouteTable {
  private readonly routes: { readonly pattern: RegExp; readonly methods: readonly string[] }[] = [];

  /** `path` as Fastify writes it: `/v1/shops/:shop/orders`. */
  add(path: string, methods: readonly string[]): void {
    if (path.includes('*')) return;
    const pattern = path
      .split('/')
      .map((part) => (part.startsWith(':') ? '[^/]+' : part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')))
      .join('/');
    this.routes.push({ pattern: new RegExp(`^${pattern}/?$`), methods });
  }

  /** The methods that the address does answer to, when `method` is not among them; else empty. */
  otherMethods(method: string, url: string): string[] {
    const path = url.split('?')[0] ?? '';
    const methods = new Set(this.routes.filter((route) => route.pattern.test(path)).flatMap((route) => route.methods));
    return methods.has(method) ? [] : [...methods].sort();
  }
}
