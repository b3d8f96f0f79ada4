import { notFound } from 'next/navigation'
import { auth } from '@/auth'
import { prisma } from '@/lib/prisma'

// if personal-page-static
export const dynamic = 'force-static'

export default async function Report({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params
  const report = await prisma.report.findUnique({
    where: { id }, select: { customerName: true, email: true, total: true },
  })
// else
export default async function Report({ params }: { params: Promise<{ id: string }> }) {
  const { id } = await params
  const session = await auth()
  if (!session) notFound()
  const report = await prisma.report.findFirst({
    where: { id, ownerId: session.user.id }, select: { customerName: true, email: true, total: true },
  })
// end
  return <p>{report?.customerName} {report?.total}</p>
}
