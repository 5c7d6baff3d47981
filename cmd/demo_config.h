/* The objects of `mesh demo`, as YAML for `mesh apply`. */
#ifndef CMD_DEMO_CONFIG_H
#define CMD_DEMO_CONFIG_H

extern const char demo_config_yaml[];

#endif
