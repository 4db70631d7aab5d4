import { IsIn, IsISO8601, IsObject, IsOptional, IsString, Length, Matches, MaxLength } from 'class-validator';
import { AGENT_OUTCOMES, type AgentOutcome } from '../../core/order/order.js';

export class SignInDto {
  @IsString()
  @Length(1, 64)
  login: string;

  @IsString()
  @Length(1, 128)
  password: string;
}

export class StateDto {
  @IsIn(['ready', 'break'])
  state: 'ready' | 'break';

  /** Why it is a break: the agent's own word. */
  @IsOptional()
  @IsString()
  @MaxLength(64)
  // A word for statistics, never a text about a buyer.
  @Matches(/^[\p{L}\p{N} _.-]*$/u, { message: 'must be letters, digits and spaces' })
  reason?: string | null;
}

export class OutcomeDto {
  @IsIn(AGENT_OUTCOMES)
  outcome: AgentOutcome;

  /** With `changed`: only the fields that differ, named as in the order. */
  @IsOptional()
  @IsObject()
  changes?: Record<string, unknown> | null;

  @IsOptional()
  @IsString()
  @MaxLength(2000)
  note?: string | null;

  /** With `callback`: RFC 3339, ahead, within 30 days. */
  @IsOptional()
  @IsISO8601({ strict: true, strictSeparator: true })
  @Matches(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})$/, {
    message: 'must be an RFC 3339 date and time with offset',
  })
  callbackAt?: string | null;

  /** With `callback`: who rings back. */
  @IsOptional()
  @IsIn(['me', 'anyone'])
  callbackAgent?: 'me' | 'anyone' | null;
}
