import { Injectable } from '@nestjs/common';
import { Settings } from '../config/settings.js';
import { constantTimeEqual } from './tokens.js';

/** Says whether a bearer token belongs to an administrator. */
export type AdminCheck = (token: string) => Promise<boolean>;

/** Who may administer: the holder of `ADMIN_TOKEN`, and whoever a room vouches for (an administrator's session). */
@Injectable()
export class AdminAccess {
  private readonly checks: AdminCheck[] = [];

  constructor(private readonly settings: Settings) {}

  /** Registers a further way to be an administrator, at start. */
  alsoAllow(check: AdminCheck): void {
    this.checks.push(check);
  }

  async isAdministrator(token: string): Promise<boolean> {
    if (constantTimeEqual(token, this.settings.adminToken)) return true;
    for (const check of this.checks) if (await check(token)) return true;
    return false;
  }
}
