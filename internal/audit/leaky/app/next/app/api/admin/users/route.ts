import { auth } from '@/auth'
import { prisma } from '@/lib/prisma'

export async function GET() {
// if admin-check-only-in-ui
// else
  const session = await auth()
  if (session?.user?.role !== 'admin') return new Response(null, { status: 404 })
// end
  const users = await prisma.user.findMany({ select: { id: true, email: true, plan: true } })
  return Response.json(users)
}
