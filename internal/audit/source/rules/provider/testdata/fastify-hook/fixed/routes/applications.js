module.exports = async function (app) {
  app.post('/applications', {
    preHandler: async (request, reply) => {
      request.membership = await request.session.User.getTeamMembership(request.body.teamId)
      if (!request.membership) {
        return reply.code(401).send({})
      }
      request.team = await app.db.models.Team.byId(request.body.teamId)
    }
  }, async (request, reply) => {
    const made = await app.db.models.Application.create({ name: request.body.name, TeamId: request.team.id })
    reply.send({ id: made.id })
  })
}
