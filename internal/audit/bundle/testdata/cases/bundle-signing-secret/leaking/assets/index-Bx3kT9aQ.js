var env={NEXTAUTH_SECRET:"{{random}}",NODE_ENV:"production"};function sign(u){return jwt(u,process.env.JWT_SECRET||"{{random2}}")}
