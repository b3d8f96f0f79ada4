var env={NODE_ENV:"production",NEXT_PUBLIC_AUTH_SECRET_PATH:"/auth/secret-1"};function sign(u){return fetch("/api/session")}
