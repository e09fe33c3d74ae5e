-- The directory of users that SOGo reads for log-ins and as the global address list, where NULL would show as "(null)".
-- SOGo makes its other tables itself.
CREATE TABLE sogo_users (
    c_uid           varchar(64) PRIMARY KEY,
    c_name          varchar(64) NOT NULL DEFAULT '',
    c_password      varchar(255) NOT NULL DEFAULT '',
    c_cn            varchar(128) NOT NULL DEFAULT '',
    mail            varchar(128) NOT NULL DEFAULT '',
    givenname       varchar(64) NOT NULL DEFAULT '',
    sn              varchar(64) NOT NULL DEFAULT '',
    displayname     varchar(128) NOT NULL DEFAULT '',
    nickname        varchar(64) NOT NULL DEFAULT '',
    o               varchar(64) NOT NULL DEFAULT '',
    title           varchar(64) NOT NULL DEFAULT '',
    roomnumber      varchar(64) NOT NULL DEFAULT '',
    telephonenumber varchar(64) NOT NULL DEFAULT '',
    mobile          varchar(64) NOT NULL DEFAULT ''
);
