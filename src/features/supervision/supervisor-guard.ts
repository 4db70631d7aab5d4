import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { DialerError } from '../../core/shared/errors.js';
import { SessionGuard, signedInAgent } from '../desktop/desktop.service.js';
import { maySupervise } from './rights.js';

/** Lets signed-in supervisors and administrators pass; others who are signed in are answered 403, everybody else 401. */
@Injectable()
export class SupervisorGuard implements CanActivate {
  constructor(private readonly session: SessionGuard) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    await this.session.canActivate(context);
    if (maySupervise(signedInAgent(context).role)) return true;
    throw new DialerError('auth.forbidden', 'This is for supervisors and administrators.');
  }
}
