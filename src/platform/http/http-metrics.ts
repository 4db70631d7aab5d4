import { Injectable } from '@nestjs/common';
import { Metrics, type Histogram } from '../metrics/metrics.js';

/** How long requests take. The route is the pattern, never the address that was asked for. */
@Injectable()
export class HttpMetrics {
  readonly seconds: Histogram<'method' | 'route' | 'status'>;

  constructor(metrics: Metrics) {
    this.seconds = metrics.histogram({
      name: 'dialer_http_request_seconds',
      help: 'From the first byte of a request to the end of the answer, by route pattern and class of status (2xx)',
      labels: ['method', 'route', 'status'],
      buckets: [0.05, 0.25, 1],
    });
  }
}
