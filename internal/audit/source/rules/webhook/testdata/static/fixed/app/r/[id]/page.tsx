import { notFound } from 'next/navigation'
import { prisma } from '@/lib/prisma'
import { auth } from '@/auth'

export default async function Report({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params
  const session = await auth()
  if (!session) notFound()
  const r = await prisma.report.findFirst({ where: { id, ownerId: session.user.id }, select: { customerName: true, email: true, total: true } })
  return <p>{r?.customerName} {r?.total}</p>
}
