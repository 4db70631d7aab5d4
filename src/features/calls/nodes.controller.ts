import { Controller, Get, HttpCode, Param, Post, UseGuards } from '@nestjs/common';
import { ApiBearerAuth, ApiTags } from '@nestjs/swagger';
import { AdminGuard } from '../../platform/auth/admin-guard.js';
import { NodeAdmin, type NodeView } from './node-admin.js';

/** The nodes of the exchange, for administrators. */
@ApiTags('administration')
@ApiBearerAuth()
@Controller('v1/admin/nodes')
@UseGuards(AdminGuard)
export class NodesController {
  constructor(private readonly nodes: NodeAdmin) {}

  @Get()
  async list(): Promise<{ nodes: NodeView[] }> {
    return { nodes: await this.nodes.list() };
  }

  /** No new calls and lines; what is on the node goes on. */
  @Post(':node/drain')
  @HttpCode(200)
  drain(@Param('node') node: string): Promise<NodeView> {
    return this.nodes.setDrained(node, true);
  }

  @Post(':node/resume')
  @HttpCode(200)
  resume(@Param('node') node: string): Promise<NodeView> {
    return this.nodes.setDrained(node, false);
  }
}
