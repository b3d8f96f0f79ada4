import { bearer } from '@/lib/session'
import { prisma } from '@/lib/prisma'

export async function GET() {
  const user = await bearer()
  if (!user) return new Response(null, { status: 401 })
  const me = await prisma.user.findUnique({ where: { id: user.id }, select: { id: true, email: true } })
// if personal-page-shared-cache
  return Response.json(me, { headers: { 'Cache-Control': 's-maxage=60' } })
// else
  return Response.json(me, { headers: { 'Cache-Control': 'private, no-store' } })
// end
}
