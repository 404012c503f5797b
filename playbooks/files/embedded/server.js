// SPDX-FileCopyrightText: 2026 the couchdyno maintainers
// SPDX-License-Identifier: GPL-3.0-or-later
'use strict';
// PouchDB in memory behind the CouchDB protocol, on 127.0.0.1 only. Started by embedded.py with
//   COUCH_USER, COUCH_PASSWORD  the admin; not as arguments, which every user of the machine can read
//   COUCH_VALIDATE=1            run the validate_doc_update functions of design documents
//   COUCH_IDLE=SECONDS          end after so long without a request; otherwise end when stdin is closed
// Prints {"port", "pid"} once it answers.

const http = require('http');
const os = require('os');

const EP = 'express-pouchdb/lib/';
const utils = require(EP + 'utils');
const { getOrCreateDB } = require(EP + 'create-or-delete-dbs');

const CLOSED = { members: { names: [], roles: ['_admin'] }, admins: { names: [], roles: ['_admin'] } };
const DATABASE_NAME = /^[a-z][a-z0-9_$()+-]*$/;
const SYSTEM_DATABASES = ['_users', '_replicator'];
const UNUSED = [
  'disk-size', 'replicator', 'routes/fauxton', 'routes/http-log', 'routes/log', 'routes/list',
  'routes/rewrite', 'routes/show', 'routes/special-test-auth', 'routes/update', 'routes/vhosts', 'routes/temp-views'
];

const refuse = (res, status, error, reason) => res.status(status).json({ error, reason });

// Takes the place of express-pouchdb's own authorization, which hangs on an anonymous "PUT /db", takes "DELETE
// /missing" for done, creates "ab" when asked for "a/b", and opens new databases to everybody.
async function authorize(req, res, next) {
  const user = req.couchSession.userCtx;
  const admin = user.roles.includes('_admin');
  const parts = req.path.split('/').slice(1).map(decodeURIComponent);
  const [name] = parts;
  const itself = parts.slice(1).every((part) => part === '');

  if (name === '_session') return next();
  if (!user.name) return refuse(res, 401, 'unauthorized', 'Authentication required.');
  if (name === '') return next();
  if (name === '_replicate') return admin ? next() : refuse(res, 401, 'unauthorized', 'You are not a server admin.');
  const changesDatabase = itself && (req.method === 'PUT' || req.method === 'DELETE');
  if (changesDatabase && !admin) return refuse(res, 401, 'unauthorized', 'You are not a server admin.');
  if (!DATABASE_NAME.test(name) && !SYSTEM_DATABASES.includes(name)) {
    return refuse(res, 400, 'illegal_database_name', `Name: '${name}'.`);
  }
  const exists = (await req.PouchDB.allDbs()).includes(name);
  if (itself && req.method === 'PUT') return exists ? refuse(res, 412, 'file_exists', 'It exists.') : create(req, res);
  if (!exists) return refuse(res, 404, 'not_found', 'Database does not exist.');
  if (!admin && !(await isMember(req.PouchDB, name, user))) {
    return refuse(res, 403, 'forbidden', 'You are not allowed to access this db.');
  }
  next();
}

async function create(req, res) {
  const db = await getOrCreateDB(req.PouchDB, req.path.split('/')[1]);
  try {
    await db.put({ _id: '_local/_security', security: CLOSED });
  } catch (err) { // another request was first
    return refuse(res, 412, 'file_exists', 'It exists.');
  }
  res.status(201).json({ ok: true });
}

async function isMember(PouchDB, name, user) {
  const db = await getOrCreateDB(PouchDB, name);
  const { security } = await db.get('_local/_security').catch(() => ({ security: {} }));
  const belongs = ({ names = [], roles = [] } = {}) =>
    names.includes(user.name) || roles.some((role) => user.roles.includes(role));
  return belongs(security.members) || belongs(security.admins);
}

require(EP + 'routes/authorization');
require.cache[require.resolve(EP + 'routes/authorization')].exports = (app) => {
  app.use((req, res, next) => authorize(req, res, next).catch((err) => utils.sendError(res, err, 500)));
};

function stopWhenUnused(server) {
  if (!process.env.COUCH_IDLE) {
    process.stdin.on('end', () => process.exit(0)).resume(); // the parent has died, however it died
    return;
  }
  let last = Date.now();
  server.on('request', () => { last = Date.now(); });
  setInterval(() => { if (Date.now() - last > process.env.COUCH_IDLE * 1000) process.exit(0); }, 1000);
}

async function main() {
  const { COUCH_USER: user, COUCH_PASSWORD: password } = process.env;
  if (!user || !password) throw new Error('COUCH_USER and COUCH_PASSWORD are needed');
  const PouchDB = require('pouchdb-core')
    .plugin(require('pouchdb-adapter-memory'))
    .plugin(require('pouchdb-mapreduce'))
    .plugin(require('pouchdb-replication')); // _security does not work without it
  const app = require('express-pouchdb')({
    mode: 'fullCouchDB',
    inMemoryConfig: true,
    logPath: os.devNull,
    overrideMode: { exclude: UNUSED.concat(process.env.COUCH_VALIDATE ? [] : ['validation']) }
  });
  // As a default and not as a setting: changing settings reopens _users while requests run.
  const hashed = await require('pouchdb-auth').hashAdminPasswords({ [user]: password });
  app.couchConfig.registerDefault('admins', user, hashed[user]);
  app.couchConfig.registerDefault('log', 'level', 'none');
  await app.setPouchDB(PouchDB);

  const server = http.createServer(app);
  server.keepAliveTimeout = 120000; // the default of 5 s would cut connections that are kept for the next cycle
  server.listen(0, '127.0.0.1', () => {
    const { port } = server.address();
    http.get({ host: '127.0.0.1', port, path: '/_session', agent: false }, (answer) => {
      answer.resume();
      process.stdout.write(JSON.stringify({ port, pid: process.pid }) + '\n');
    });
  });
  stopWhenUnused(server);
  process.on('SIGTERM', () => process.exit(0));
  process.on('SIGINT', () => process.exit(0));
  process.on('unhandledRejection', (err) => console.error(err));
}

main().catch((err) => { console.error(String(err)); process.exit(1); });
