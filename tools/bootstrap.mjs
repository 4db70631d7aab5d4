await import('tsx/esm/api').then(({ register }) => register());
process.argv.splice(1, 2, 'services');
await import('./dev-env/services.ts');
