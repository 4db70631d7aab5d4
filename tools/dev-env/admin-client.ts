/** Talks to the dialer's administration (`/v1/admin/*`), as an operator would. */
export class AdminClient {
  constructor(
    private readonly apiUrl: string,
    private readonly token: string,
  ) {}

  /** @throws Error with the answer's text when the status is not 2xx */
  async put<T>(path: string, body: object): Promise<{ status: number; body: T }> {
    return this.ask('PUT', path, body);
  }

  async post<T>(path: string, body: object = {}): Promise<{ status: number; body: T }> {
    return this.ask('POST', path, body);
  }

  async get<T>(path: string): Promise<{ status: number; body: T }> {
    return this.ask('GET', path);
  }

  private async ask<T>(method: string, path: string, body?: object): Promise<{ status: number; body: T }> {
    const response = await fetch(`${this.apiUrl}/v1/admin/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${this.token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return { status: response.status, body: (text === '' ? null : JSON.parse(text)) as T };
  }
}
