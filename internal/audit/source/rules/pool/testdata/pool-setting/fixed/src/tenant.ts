import { Pool } from 'pg'

const pool = new Pool()

export async function invoicesOf(tenant: string) {
  const client = await pool.connect()
  try {
    await client.query('BEGIN')
    await client.query("SELECT set_config('app.tenant_id', $1, true)", [tenant])
    const { rows } = await client.query('SELECT id, total FROM invoices')
    await client.query('COMMIT')
    return rows
  } finally {
    client.release()
  }
}
