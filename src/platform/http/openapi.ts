import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { fillSchemas, type Schema } from './openapi-schemas.js';
import { PROBLEM_TYPE } from './problem.js';

const PROBLEM: Schema = {
  type: 'object',
  description: 'An error (RFC 9457).',
  required: ['type', 'title', 'status', 'detail'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string', description: 'our own word for the error, e.g. call.closed' },
    errors: {
      type: 'array',
      items: {
        type: 'object',
        required: ['pointer', 'detail'],
        properties: {
          pointer: { type: 'string', description: 'JSON Pointer from the body’s root' },
          detail: { type: 'string' },
        },
      },
    },
  },
};

/** `GET /openapi.json`: made from the controllers at the first request. */
export function serveOpenApi(app: NestFastifyApplication): void {
  let document: Promise<string> | null = null;
  app
    .getHttpAdapter()
    .getInstance()
    .get('/openapi.json', async (_request, reply) => {
      document ??= describe(app);
      return reply
        .header('content-type', 'application/json; charset=utf-8')
        .header('cache-control', 'no-cache')
        .send(await document);
    });
}

async function describe(app: NestFastifyApplication): Promise<string> {
  const { DocumentBuilder, SwaggerModule } = await import('@nestjs/swagger');
  const about = new DocumentBuilder()
    .setTitle('confirm-dialer')
    .setDescription('Order-confirmation dialer: orders in, calls, outcomes out.')
    .setVersion('1')
    .setOpenAPIVersion('3.1.0')
    .addBearerAuth({ type: 'http', scheme: 'bearer' })
    .addCookieAuth('dialer_session')
    .build();
  const document = SwaggerModule.createDocument(app, about);
  const components = (document.components ??= {});
  const schemas = (components.schemas ??= {}) as Record<string, Schema>;
  fillSchemas(schemas);
  schemas['Problem'] = PROBLEM;
  const refusal = {
    description: 'Refused or failed; see the status.',
    content: { [PROBLEM_TYPE]: { schema: { $ref: '#/components/schemas/Problem' } } },
  };
  for (const operations of Object.values(document.paths)) {
    for (const operation of Object.values(operations) as { responses?: Record<string, unknown> }[]) {
      if (operation.responses !== undefined) operation.responses['default'] ??= refusal;
    }
  }
  return JSON.stringify(document);
}
