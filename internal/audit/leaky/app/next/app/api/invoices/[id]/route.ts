import { auth } from '@/auth'
import { prisma } from '@/lib/prisma'

export async function GET(_: Request, { params }: { params: Promise<{ id: string }> }) {
  const session = await auth()
  if (!session?.user) return new Response(null, { status: 401 })
  const { id } = await params
// if query-without-owner
  const invoice = await prisma.invoice.findUnique({ where: { id } })
// else
  const invoice = await prisma.invoice.findFirst({ where: { id, ownerId: session.user.id } })
// end
  if (!invoice) return new Response(null, { status: 404 })
  return Response.json(invoice)
}
