/** Environment variable by which run-tests.ts tells test files the address of the dev server that they share. */
export const sharedServerVariable = 'TEST_TEMPORAL_ADDRESS';
