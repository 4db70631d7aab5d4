import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { DialerError } from '../../core/shared/errors.js';
import { AdminAccess } from './admin-access.js';
import { bearerToken } from './tokens.js';

/** Lets administrators pass (`@UseGuards(AdminGuard)` on each controller under `/v1/admin`); everybody else is answered 401. */
@Injectable()
export class AdminGuard implements CanActivate {
  constructor(private readonly access: AdminAccess) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const token = bearerToken(request.headers.authorization);
    if (token !== null && (await this.access.isAdministrator(token))) return true;
    throw new DialerError('auth.failed', "Send the administrator's token as `Authorization: Bearer …`.");
  }
}
