import { auth } from '@/auth'
import { prisma } from '@/lib/prisma'
import { getMembership } from '@/lib/access'

export async function GET(_: Request, { params }: { params: Promise<{ workspaceId: string }> }) {
  const session = await auth()
  if (!session?.user) return new Response(null, { status: 401 })
  const { workspaceId } = await params
  const membership = await getMembership(session.user.id, workspaceId)
  if (!membership) return new Response(null, { status: 404 })
  const docs = await prisma.document.findMany({ where: { workspaceId } })
  return Response.json(docs)
}
