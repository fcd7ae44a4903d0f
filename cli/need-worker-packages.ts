/** What only a worker, and who checks as one, needs is installed by whoever runs one. */
const command = 'npm install @temporalio/worker @temporalio/activity @temporalio/workflow';

/** What is to be done where a package that is optional is not there; `undefined` where that is not what is wrong. */
export function howToInstall(error: unknown): string | undefined {
  return (error as NodeJS.ErrnoException).code === 'ERR_MODULE_NOT_FOUND' ? command : undefined;
}
