import { pool } from './db'

export async function stockOf(tenant: string) {
// if tenant-setting-on-pool
  await pool.query("SELECT set_config('app.tenant_id', $1, false)", [tenant])
  const { rows } = await pool.query('SELECT id, item FROM stock')
  return rows
// else
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await client.query("SELECT set_config('app.tenant_id', $1, true)", [tenant])
    const { rows } = await client.query('SELECT id, item FROM stock')
    await client.query('COMMIT')
    return rows
  } finally {
    client.release()
  }
// end
}
