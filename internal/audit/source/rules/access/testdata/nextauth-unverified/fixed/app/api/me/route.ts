import { currentUser } from '@/lib/auth'
import { sql } from '@vercel/postgres'

export async function GET() {
  const user = await currentUser()
  if (!user) return new Response(null, { status: 401 })
  const { rows } = await sql`SELECT id, email FROM users WHERE id = ${user.id}`
  return Response.json(rows[0], { headers: { 'Cache-Control': 'private, no-store' } })
}
