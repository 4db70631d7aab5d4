import { ApiPropertyOptional } from '@nestjs/swagger';
import {
  ArrayMaxSize,
  ArrayMinSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  Length,
  Matches,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { AGENT_CONNECTIONS, type AgentConnection } from '../../core/agent/agent.js';
import { DIALING_MODES, type DialingMode } from '../../core/order/shop-settings.js';
import { AGENT_ROLES, type AgentRole } from './agents.events.js';

/** A group's id becomes part of a Stasis application's name, an endpoint goes to the exchange as it is: both are narrow on purpose. */
export const GROUP_ID = /^[a-z0-9][a-z0-9_-]{0,39}$/;
export const LOGIN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;
const ENDPOINT = /^(softphone|PJSIP\/[A-Za-z0-9_.-]{1,64})$/;

export class GroupDto {
  /** Shown to people; the group's id when absent. */
  @ApiPropertyOptional({ type: String, nullable: true, description: 'default: the id' })
  @IsOptional()
  @IsString()
  @Length(1, 100)
  name?: string | null;

  /** Seconds an agent may write after a talk before the next call. */
  @ApiPropertyOptional({ type: Number, nullable: true, default: 45, minimum: 5, maximum: 3600 })
  @IsOptional()
  @IsInt()
  @Min(5)
  @Max(3600)
  wrapUpSeconds?: number | null;

  /** Seconds of the longest talk. */
  @ApiPropertyOptional({ type: Number, nullable: true, default: 3600, minimum: 60, maximum: 14_400 })
  @IsOptional()
  @IsInt()
  @Min(60)
  @Max(14_400)
  maxTalkSeconds?: number | null;

  /** How the group is dialled for; absent: as each shop says. */
  @ApiPropertyOptional({ enum: DIALING_MODES, nullable: true, description: "default: each shop's own `dialing`" })
  @IsOptional()
  @IsIn(DIALING_MODES)
  dialing?: DialingMode | null;
}

export class AgentDto {
  /** Shown to people; the login when absent. */
  @ApiPropertyOptional({ type: String, nullable: true, description: 'default: the login' })
  @IsOptional()
  @IsString()
  @Length(1, 100)
  name?: string | null;

  /** Needed for a new agent; absent = stays as it is. */
  @ApiPropertyOptional({
    type: String,
    nullable: true,
    minLength: 8,
    maxLength: 128,
    description: 'needed for a new agent',
  })
  @IsOptional()
  @IsString()
  @Length(8, 128, { message: 'must be from 8 to 128 characters long' })
  password?: string | null;

  @ApiPropertyOptional({ enum: AGENT_ROLES, nullable: true, default: 'agent' })
  @IsOptional()
  @IsIn(AGENT_ROLES)
  role?: AgentRole | null;

  /** Ids of known groups; `["default"]` when absent. */
  @ApiPropertyOptional({ type: [String], nullable: true, default: ['default'] })
  @IsOptional()
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(50)
  @ArrayUnique()
  @Matches(GROUP_ID, { each: true, message: 'must be ids of groups' })
  groups?: string[] | null;

  @ApiPropertyOptional({ type: [String], nullable: true, default: [] })
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(50)
  @ArrayUnique()
  @IsString({ each: true })
  @MaxLength(64, { each: true })
  skills?: string[] | null;

  /** Where the agent's phone is: an endpoint of the exchange, or `softphone`, the phone in the browser; `PJSIP/agent-<login>` when absent. */
  @ApiPropertyOptional({
    type: String,
    nullable: true,
    example: 'softphone',
    description: 'an endpoint such as PJSIP/agent-anna, or softphone',
  })
  @IsOptional()
  @Matches(ENDPOINT, {
    message: 'must be softphone or look like PJSIP/agent-anna: letters, digits, dot, hyphen and underscore',
  })
  endpoint?: string | null;

  /** `persistent` (default): the phone stays up for the shift; `per_call`: it is rung before each buyer's call. */
  @ApiPropertyOptional({ enum: AGENT_CONNECTIONS, nullable: true, default: 'persistent' })
  @IsOptional()
  @IsIn(AGENT_CONNECTIONS)
  connection?: AgentConnection | null;

  /** False ends the agent's session within 5 s and refuses another one; absent = stays as it is. */
  @ApiPropertyOptional({ type: Boolean, nullable: true, description: 'default: as it is; true for a new agent' })
  @IsOptional()
  @IsBoolean()
  isEnabled?: boolean | null;
}
