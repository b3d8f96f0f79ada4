import { auth } from '@/auth'
import { prisma } from '@/lib/prisma'

export async function GET(req: Request) {
  const session = await auth()
  if (!session?.user) return new Response(null, { status: 401 })
// if owner-filter-by-client-id
  const accountId = new URL(req.url).searchParams.get('account') ?? ''
  const payments = await prisma.payment.findMany({ where: { accountId } })
// else
  const payments = await prisma.payment.findMany({ where: { accountId: session.user.accountId } })
// end
  return Response.json(payments)
}
