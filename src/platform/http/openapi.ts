import type { NestFastifyApplication } from '@nestjs/platform-fastify';

/** `GET /openapi.json`: made from the controllers at the first request, since the generator is slow to load. */
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
    .addBearerAuth()
    .addCookieAuth('dialer_session')
    .build();
  return JSON.stringify(SwaggerModule.createDocument(app, about));
}
